"""The limits of reading sources, each stated once; docs/reference/limits.md lists the main ones.

Operators cannot change these limits. The limits that operators can change are settings.
"""

from datetime import timedelta
from typing import Final

# Addresses and documents.
LONGEST_URL: Final = 2_000  # characters
LARGEST_DOCUMENT: Final = 10_000_000  # bytes of a feed, a page or a list of feeds, unpacked
MOST_ENTRIES: Final = 2_000  # of a document
MOST_TEXT: Final = 4_000_000  # characters of a document
LONGEST_TEXT: Final = 200_000  # characters of an entry
LONGEST_NAME: Final = 2_000  # characters of a title, or of a name
LONGEST_DESCRIPTION: Final = 500  # characters of what a channel says about itself
LONGEST_LABEL: Final = 120  # characters of an author or a category
MOST_CATEGORIES: Final = 20  # of an entry
LONGEST_WORD: Final = 256  # characters
MOST_SITEMAP_URLS: Final = 50_000  # that are read, as many as a sitemap may hold
MOST_SITEMAP_ENTRIES: Final = 1_000  # that are kept, the newest
MAX_SITEMAPS: Final = 4  # of an index in one fetch
MOST_OUTLINES: Final = 10_000  # of an OPML file

# Requests.
CONNECT_SECONDS: Final = 5
FETCH_SECONDS: Final = 15  # with redirects
KEEPALIVE_SECONDS: Final = 4  # until the host's next turn; servers keep connections 5 or more
MAX_REDIRECTS: Final = 5
# Requests in flight, all hosts together. Each may hold a body of 10 MB. Users' requests are counted
# separately, because the hosts that users name may be slow and must not delay public sources.
MAX_PUBLIC_IN_FLIGHT: Final = 24
MAX_USER_IN_FLIGHT: Final = 12
MAX_RETRY_AFTER: Final = timedelta(days=7)  # of a source
MAX_HOST_PAUSE: Final = timedelta(hours=1)

# A search of a site for its feeds.
MAX_FEEDS_READ: Final = 8  # of the feeds that a page declares, and as many of those it links to
MAX_ROBOTS_SITEMAPS: Final = 3
MAX_ROBOTS_BYTES: Final = 500_000  # of robots.txt that are read (RFC 9309)
MAX_OFFERED_FEEDS: Final = 8
MAX_LOOKUP_BYTES: Final = 2_000_000  # of a document that names a feed of a known site
DISCOVERY_SECONDS: Final = 90.0
LOOKUP_SECONDS: Final = 20.0  # while a user waits
LONGEST_SELECTOR: Final = 300  # characters
MOST_SELECTOR_STEPS: Final = 24  # with predicates, functions and combinators
MOST_DROPPED_SELECTORS: Final = 20  # of one source
