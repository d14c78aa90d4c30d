"""How the models of the mini world come to be: base model, fine-tuning, and the one loop they share."""
