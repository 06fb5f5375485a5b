"""The site's use of `alerts`: facts from its tables go in each minute, mails come out."""
