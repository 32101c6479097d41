"""Models that Lowbit builds itself."""
