"""FCM, the Focused Caption Module (section 3.3): scene, character and text tokens in, one description out."""
