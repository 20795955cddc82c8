"""Where articles come from: feeds and pages, fetched politely and read into records.

The parts may import only those before them in this list, so that a parser never needs the client:

- `feeds`: documents to records; charsets, dates, languages
- `pages`: one article out of a page
- `fetch`: the client, allowed addresses, throttling, responses, the next poll, WebSub
- `discovery`: the feeds of a site, adding sources, OPML, search feeds

`stories` needs none of them. The stages and what they share stand in the package itself.
"""
