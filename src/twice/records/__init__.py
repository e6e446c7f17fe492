"""The nouns: what Twice writes down. Frozen, compared by value, canonical bytes ⇄ record → Digest.

A record's encoding changes only under a new format number; ``tests/golden`` pins the bytes.
"""
