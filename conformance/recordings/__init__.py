"""What PyTorch answered, one JSON file for each document; ``store`` reads and writes them."""
