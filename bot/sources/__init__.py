"""Where articles come from: feeds and pages, fetched politely and read into records.

Each package imports only packages above it in this list, so that no parser depends on the client:

- `feeds`: documents to records; charsets, dates, languages
- `pages`: one article out of a page
- `fetch`: the client, allowed addresses, throttling, responses, the next poll, WebSub
- `discovery`: the feeds of a site, adding sources, OPML, search feeds

`stories` imports none of them. The stages and the code that they share are modules of this package.
"""
