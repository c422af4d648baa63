"""Models and the newest features in; scores over HTTP and in lists out."""
