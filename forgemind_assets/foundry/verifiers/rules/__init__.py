"""Syntax-tree rules, one module a family of weaknesses."""
