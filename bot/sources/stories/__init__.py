"""Groups articles into stories: features, clusters, near duplicates."""
