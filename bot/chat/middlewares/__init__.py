"""What stands between an update and its handler, in this order.

`Answering` says where to answer, `Guarding` turns failures into sentences, `Calming` reply a
flood, `Appointing` lets the first of a playground run it, `Addressing` passes on what is meant for
the bot, `Arriving` finds out who it is, `Permitting` whether they may.
"""
