"""The contract suite: does what is deployed give what its contract says?

Pure client code over the official `openai` client, which is needed for it and for nothing else of the library:
`pip install openai`. Every target is asked by itself, and the endpoint through a gateway when there is one.
"""
