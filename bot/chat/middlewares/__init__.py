"""What stands between an update and its handler, in this order.

`Answering` says where to answer, `Guarding` turns failures into sentences, `Arriving` finds out who
it is.
"""
