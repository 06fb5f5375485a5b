"""Background work that survives a restart. Knows no work itself: each room registers its
function."""
