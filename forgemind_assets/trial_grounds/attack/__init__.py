"""Attacks: cases made to fool a model that passes the dev cases they come from, with their counts.

What is attacked, and with what, keeps the three sets apart:

- A mutant comes from a dev case that the model passes. Dev is seen by teachers and steers plans, so
  a mutant feeds training only, and as a count: the strategy `adversarial` learns in which slices,
  and by which kind of change, the model is fooled. No mutant is ever proposed as a suite case.
- A written attack is a teacher's own text on a drawn subject, asked for without an example of any
  set. Only such a one may be proposed for the adversarial suite: each is a family of its own, near
  no case of any suite (the decontamination filter says yes or no), no seed and no row that was
  trained on. A person decides, and a person adds it.
"""
