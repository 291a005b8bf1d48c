"""One definition at a time: plain data becomes frozen objects; it knows no other definition."""
