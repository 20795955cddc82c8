"""Decides what each chat is sent, and when: alerts, bundles, digests, edits, notices."""
