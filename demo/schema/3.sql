-- Failed sign-ins of a company are recorded from when one of its administrators agreed; none: nobody has.

ALTER TABLE tenants ADD COLUMN recorded_since INTEGER;
