"""A small newsroom on this machine: invented publishers with feeds and pages.

A week of articles is in `archive/`, what is still to be published in `live/`; one TOML table an
article.
"""
