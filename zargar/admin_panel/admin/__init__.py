"""Django's admin, in Persian with Jalali dates, twice: the platform's tables, and one shop's tables.

`fields` reads and writes dates, amounts and phones as people do; `audited` has every change carry a reason into the
audit; `sites` signs people in; `platform`, `shop` and `contracts` say what is shown. Nothing is deleted here.
"""
