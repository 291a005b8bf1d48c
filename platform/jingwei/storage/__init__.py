"""Tables, rows, releases and the one query compiler; it knows no person and no rule of business."""
