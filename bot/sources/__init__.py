"""Where articles come from: feeds and pages, fetched politely and read into records."""
