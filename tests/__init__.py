"""Tests, one folder for each package and one file for each module that they test.

This file makes `tests` a package that no installed one of the same name can hide, so that
`from tests.support.repositories import make_repository` works. Folders below need no such file.
"""
