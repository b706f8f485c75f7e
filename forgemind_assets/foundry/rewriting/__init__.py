"""Label-preserving rewriting of Python snippets, as span edits on the original text."""
