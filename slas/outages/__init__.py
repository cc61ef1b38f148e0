"""When services were down: recorded, planned, and measured against what was promised."""
