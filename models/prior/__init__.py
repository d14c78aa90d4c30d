"""DPM, the Dynamic Prior Module (section 3.2): text prior, dynamic instruction template, soft prompt."""
