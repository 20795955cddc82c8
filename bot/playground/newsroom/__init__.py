"""A small newsroom on this machine: invented publishers with feeds and pages.

`archive/` holds a week of published articles, `live/` those still to be published, one TOML table
an article.
"""
