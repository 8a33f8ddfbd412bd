"""Text messages: the arithmetic of their parts, and one file for each company that carries them.

`carrier` holds what all companies have in common (order of verdicts, when to stop, how a call of many is divided),
`verdicts` what a call's end proves, `numbers` the forms of a number. A company's file holds the rest: its addresses,
its limits and its codes as tables, and its rules in its docstring. The facts were read in the companies' documents
(2026-08); none was tried against a live account.
"""
