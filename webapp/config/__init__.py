"""The settings of the site, one file a subject."""
