"""Every git process of the factory, and what is known about the user's repository.

Owns the factory's object stores, trees, patches and merges. Never writes into the
user's repository and never obeys a config, hook or attribute that a worker can reach.
"""
