//! Personal data: cards, bank accounts, national identifiers, addresses of e-mail, telephone numbers; by jurisdiction.
