"""Why an action is withheld: holds, ladder, evidence, calendar, guard-rails."""
