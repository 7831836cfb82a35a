"""Every process that is not git: started, heard, kept within its limits, ended with its children.

Knows no agent: what a program's words mean is the agents package's.
"""
