"""Work on pixels: masks, crops, measures."""
