"""Azure OpenAI: an AIServices account with one deployment, in one Azure region."""
