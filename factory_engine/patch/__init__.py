"""Patches as git writes them, read strictly and not believed.

Owns the parser, for the judging and for the console alike. Applies nothing and knows no rule.
"""
