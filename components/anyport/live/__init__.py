"""What the clouds say of themselves now: readers of their listings of models and of their quota.

    questions.py    a question to one cloud, its answer, and the rows that answers are read into
    failure.py      a cloud that gave no usable answer, told apart by code
    http.py         one GET: time, size, retries, and what went wrong
    paging.py       a listing read page by page, whole or not at all
    credentials.py  who asks: the clouds' own credential chains, or a token by the name of a variable
    azure.py  google.py  oci.py  coreweave.py    addresses, pages and rows of each
    clouds.py       the four by name
    asker.py        asks live, or reads saved answers
    saved.py        answers as files, without what names a customer

Only reads: no request here changes anything. Nothing of it is used by planning or by the rules, which stay without
a network. No reader was tried on a live account; shapes are those of the sources that each module names.
"""
