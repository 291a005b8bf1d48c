"""JSON for programs; it translates and holds no rule."""
