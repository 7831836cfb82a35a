"""The second stage: workers in parallel, each in its own checkout, a bundle from each."""
