-- A sign-in asks for a company's domains several times, and a password's check for an address.

CREATE INDEX domains_by_tenant ON domains (tenant);
CREATE INDEX users_by_email ON users (email);
