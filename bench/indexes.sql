-- What is made once the data is there: indexes, statistics, and the visibility map for index-only scans.
ALTER TABLE people ADD PRIMARY KEY (person_id);
CREATE UNIQUE INDEX people_account ON people (account);
CREATE UNIQUE INDEX people_id ON people (id);
ALTER TABLE friendships ADD PRIMARY KEY (person_id, friend_id);
CLUSTER people USING people_pkey;
CLUSTER friendships USING friendships_pkey;
VACUUM (FREEZE, ANALYZE) people;
VACUUM (FREEZE, ANALYZE) friendships;
VACUUM (FREEZE, ANALYZE) grants;
CHECKPOINT;
