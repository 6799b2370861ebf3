-- ldbc-postgres.toml: who they are
SELECT true, "p"."p_personid"::text, coalesce(NOT isfinite("p"."p_birthday") OR "p"."p_birthday" + make_interval(years => 18) > CURRENT_DATE, true)
FROM "public"."person" AS "p"
WHERE "p"."p_personid" = $1::text::bigint;

-- ldbc-postgres.toml: the viewer's name
-- $2 = " "
SELECT true, "p"."p_personid"::text, coalesce(NOT isfinite("p"."p_birthday") OR "p"."p_birthday" + make_interval(years => 18) > CURRENT_DATE, true),
  nullif(concat_ws($2::text, "p"."p_firstname"::text, "p"."p_lastname"::text), '')
FROM "public"."person" AS "p"
WHERE "p"."p_personid" = $1::text::bigint;

-- ldbc-postgres.toml: the viewer's name, friends' birthdays and work
-- $2 = " "
-- $3 = "employer"
-- $4 = "id"
-- $5 = "name"
-- $6 = "_"
-- $7 = "start_date"
SELECT true, "p"."p_personid"::text, coalesce(NOT isfinite("p"."p_birthday") OR "p"."p_birthday" + make_interval(years => 18) > CURRENT_DATE, true),
  nullif(concat_ws($2::text, "p"."p_firstname"::text, "p"."p_lastname"::text), ''),
  NULL::text,
  NULL::text
FROM "public"."person" AS "p"
WHERE "p"."p_personid" = $1::text::bigint
UNION ALL
(SELECT false, "p"."p_personid"::text, coalesce(NOT isfinite("p"."p_birthday") OR "p"."p_birthday" + make_interval(years => 18) > CURRENT_DATE, true),
  NULL::text,
  CASE WHEN "p"."p_birthday" >= '0001-01-01' AND "p"."p_birthday" < '10000-01-01' THEN to_char("p"."p_birthday", 'MM/DD/YYYY') END,
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."pc_organisationid"::text, "l1"."o_name"::text, "l"."pc_workfrom"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, CASE WHEN num_nonnulls("l"."pc_organisationid"::text, "l1"."o_name"::text) > 0 THEN json_strip_nulls(json_build_object($4::text, "l"."pc_organisationid"::text, $5::text, replace("l1"."o_name"::text, $6::text, $2::text))) END, $7::text, "l"."pc_workfrom"::text)) END AS "v" FROM "public"."person_company" AS "l"
  LEFT JOIN "public"."organisation" AS "l1" ON "l1"."o_organisationid" = "l"."pc_organisationid" WHERE "l"."pc_personid" = "p"."p_personid" ORDER BY "l"."pc_workfrom", "l"."pc_organisationid") AS "s" WHERE "s"."v" IS NOT NULL))::text
FROM (SELECT DISTINCT "e"."k_person2id" FROM "public"."knows" AS "e" WHERE "e"."k_person1id" = $1::text::bigint) AS "f" ("key")
  JOIN "public"."person" AS "p" ON "p"."p_personid" = "f"."key"
WHERE "p"."p_personid" <> $1::text::bigint
LIMIT 10);

-- ldbc-postgres.toml: everything
-- $2 = " "
-- $3 = "id"
-- $4 = "name"
-- $5 = ", "
-- $6 = "_"
-- $7 = "school"
-- $8 = "type"
-- $9 = "College"
-- $10 = "year"
-- $11 = "employer"
-- $12 = "start_date"
SELECT true, "p"."p_personid"::text, coalesce(NOT isfinite("p"."p_birthday") OR "p"."p_birthday" + make_interval(years => 18) > CURRENT_DATE, true),
  nullif(concat_ws($2::text, "p"."p_firstname"::text, "p"."p_lastname"::text), ''),
  "p"."p_firstname"::text,
  "p"."p_lastname"::text,
  "p"."p_gender"::text,
  CASE WHEN "p"."p_birthday" >= '0001-01-01' AND "p"."p_birthday" < '10000-01-01' THEN to_char("p"."p_birthday", 'MM/DD/YYYY') END,
  (SELECT "s"."v" FROM (SELECT "l"."pe_email"::text AS "v" FROM "public"."person_email" AS "l" WHERE "l"."pe_personid" = "p"."p_personid" ORDER BY "l"."pe_email") AS "s" WHERE "s"."v" IS NOT NULL LIMIT 1),
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."plang_language"::text, "l"."plang_language"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "l"."plang_language"::text, $4::text, "l"."plang_language"::text)) END AS "v" FROM "public"."person_language" AS "l" WHERE "l"."plang_personid" = "p"."p_personid" ORDER BY "l"."plang_language") AS "s" WHERE "s"."v" IS NOT NULL))::text,
  (CASE WHEN num_nonnulls("p"."p_placeid"::text, "p1"."pl_name"::text, "p2"."pl_name"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "p"."p_placeid"::text, $4::text, nullif(concat_ws($5::text, replace("p1"."pl_name"::text, $6::text, $2::text), replace("p2"."pl_name"::text, $6::text, $2::text)), ''))) END)::text,
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."pu_organisationid"::text, "l1"."o_name"::text, "l"."pu_classyear"::text) > 0 THEN json_strip_nulls(json_build_object($7::text, CASE WHEN num_nonnulls("l"."pu_organisationid"::text, "l1"."o_name"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "l"."pu_organisationid"::text, $4::text, replace("l1"."o_name"::text, $6::text, $2::text))) END, $8::text, $9::text, $10::text, CASE WHEN num_nonnulls("l"."pu_classyear"::text) > 0 THEN json_strip_nulls(json_build_object($4::text, "l"."pu_classyear"::text)) END)) END AS "v" FROM "public"."person_university" AS "l"
  LEFT JOIN "public"."organisation" AS "l1" ON "l1"."o_organisationid" = "l"."pu_organisationid" WHERE "l"."pu_personid" = "p"."p_personid" ORDER BY "l"."pu_classyear", "l"."pu_organisationid") AS "s" WHERE "s"."v" IS NOT NULL))::text,
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."pc_organisationid"::text, "l1"."o_name"::text, "l"."pc_workfrom"::text) > 0 THEN json_strip_nulls(json_build_object($11::text, CASE WHEN num_nonnulls("l"."pc_organisationid"::text, "l1"."o_name"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "l"."pc_organisationid"::text, $4::text, replace("l1"."o_name"::text, $6::text, $2::text))) END, $12::text, "l"."pc_workfrom"::text)) END AS "v" FROM "public"."person_company" AS "l"
  LEFT JOIN "public"."organisation" AS "l1" ON "l1"."o_organisationid" = "l"."pc_organisationid" WHERE "l"."pc_personid" = "p"."p_personid" ORDER BY "l"."pc_workfrom", "l"."pc_organisationid") AS "s" WHERE "s"."v" IS NOT NULL))::text
FROM "public"."person" AS "p"
  LEFT JOIN "public"."place" AS "p1" ON "p1"."pl_placeid" = "p"."p_placeid"
  LEFT JOIN "public"."place" AS "p2" ON "p2"."pl_placeid" = "p1"."pl_containerplaceid"
WHERE "p"."p_personid" = $1::text::bigint
UNION ALL
(SELECT false, "p"."p_personid"::text, coalesce(NOT isfinite("p"."p_birthday") OR "p"."p_birthday" + make_interval(years => 18) > CURRENT_DATE, true),
  nullif(concat_ws($2::text, "p"."p_firstname"::text, "p"."p_lastname"::text), ''),
  "p"."p_firstname"::text,
  "p"."p_lastname"::text,
  "p"."p_gender"::text,
  CASE WHEN "p"."p_birthday" >= '0001-01-01' AND "p"."p_birthday" < '10000-01-01' THEN to_char("p"."p_birthday", 'MM/DD/YYYY') END,
  (SELECT "s"."v" FROM (SELECT "l"."pe_email"::text AS "v" FROM "public"."person_email" AS "l" WHERE "l"."pe_personid" = "p"."p_personid" ORDER BY "l"."pe_email") AS "s" WHERE "s"."v" IS NOT NULL LIMIT 1),
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."plang_language"::text, "l"."plang_language"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "l"."plang_language"::text, $4::text, "l"."plang_language"::text)) END AS "v" FROM "public"."person_language" AS "l" WHERE "l"."plang_personid" = "p"."p_personid" ORDER BY "l"."plang_language") AS "s" WHERE "s"."v" IS NOT NULL))::text,
  (CASE WHEN num_nonnulls("p"."p_placeid"::text, "p1"."pl_name"::text, "p2"."pl_name"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "p"."p_placeid"::text, $4::text, nullif(concat_ws($5::text, replace("p1"."pl_name"::text, $6::text, $2::text), replace("p2"."pl_name"::text, $6::text, $2::text)), ''))) END)::text,
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."pu_organisationid"::text, "l1"."o_name"::text, "l"."pu_classyear"::text) > 0 THEN json_strip_nulls(json_build_object($7::text, CASE WHEN num_nonnulls("l"."pu_organisationid"::text, "l1"."o_name"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "l"."pu_organisationid"::text, $4::text, replace("l1"."o_name"::text, $6::text, $2::text))) END, $8::text, $9::text, $10::text, CASE WHEN num_nonnulls("l"."pu_classyear"::text) > 0 THEN json_strip_nulls(json_build_object($4::text, "l"."pu_classyear"::text)) END)) END AS "v" FROM "public"."person_university" AS "l"
  LEFT JOIN "public"."organisation" AS "l1" ON "l1"."o_organisationid" = "l"."pu_organisationid" WHERE "l"."pu_personid" = "p"."p_personid" ORDER BY "l"."pu_classyear", "l"."pu_organisationid") AS "s" WHERE "s"."v" IS NOT NULL))::text,
  ((SELECT json_agg("s"."v") FROM (SELECT CASE WHEN num_nonnulls("l"."pc_organisationid"::text, "l1"."o_name"::text, "l"."pc_workfrom"::text) > 0 THEN json_strip_nulls(json_build_object($11::text, CASE WHEN num_nonnulls("l"."pc_organisationid"::text, "l1"."o_name"::text) > 0 THEN json_strip_nulls(json_build_object($3::text, "l"."pc_organisationid"::text, $4::text, replace("l1"."o_name"::text, $6::text, $2::text))) END, $12::text, "l"."pc_workfrom"::text)) END AS "v" FROM "public"."person_company" AS "l"
  LEFT JOIN "public"."organisation" AS "l1" ON "l1"."o_organisationid" = "l"."pc_organisationid" WHERE "l"."pc_personid" = "p"."p_personid" ORDER BY "l"."pc_workfrom", "l"."pc_organisationid") AS "s" WHERE "s"."v" IS NOT NULL))::text
FROM (SELECT DISTINCT "e"."k_person2id" FROM "public"."knows" AS "e" WHERE "e"."k_person1id" = $1::text::bigint) AS "f" ("key")
  JOIN "public"."person" AS "p" ON "p"."p_personid" = "f"."key"
  LEFT JOIN "public"."place" AS "p1" ON "p1"."pl_placeid" = "p"."p_placeid"
  LEFT JOIN "public"."place" AS "p2" ON "p2"."pl_placeid" = "p1"."pl_containerplaceid"
WHERE "p"."p_personid" <> $1::text::bigint
LIMIT 65536);

-- wide-table.toml: who they are
SELECT true, "p"."account"::text, coalesce("p"."is_minor", true)
FROM "public"."people" AS "p"
WHERE "p"."account" = $1::text;

-- wide-table.toml: the viewer's name
SELECT true, "p"."account"::text, coalesce("p"."is_minor", true),
  "p"."name"::text
FROM "public"."people" AS "p"
WHERE "p"."account" = $1::text;

-- wide-table.toml: the viewer's name, friends' birthdays and work
SELECT true, "p"."account"::text, coalesce("p"."is_minor", true),
  "p"."name"::text,
  NULL::text,
  NULL::text
FROM "public"."people" AS "p"
WHERE "p"."account" = $1::text
UNION ALL
(SELECT false, "p"."account"::text, coalesce("p"."is_minor", true),
  NULL::text,
  "p"."birthday"::text,
  ("p"."work")::text
FROM (SELECT DISTINCT "e"."friend_id" FROM "public"."friendships" AS "e" WHERE "e"."person_id" = (SELECT "p"."person_id" FROM "public"."people" AS "p" WHERE "p"."account" = $1::text)) AS "f" ("key")
  JOIN "public"."people" AS "p" ON "p"."person_id" = "f"."key"
WHERE "p"."person_id" <> (SELECT "p"."person_id" FROM "public"."people" AS "p" WHERE "p"."account" = $1::text)
LIMIT 10);

-- wide-table.toml: everything
SELECT true, "p"."account"::text, coalesce("p"."is_minor", true),
  "p"."name"::text,
  "p"."first_name"::text,
  "p"."middle_name"::text,
  "p"."last_name"::text,
  "p"."gender"::text,
  "p"."birthday"::text,
  "p"."email"::text,
  ("p"."timezone")::text,
  ("p"."languages")::text,
  ("p"."hometown")::text,
  ("p"."location")::text,
  ("p"."education")::text,
  ("p"."work")::text,
  ("p"."verified")::text,
  CASE WHEN "p"."updated_time" >= '0001-01-01' AND "p"."updated_time" < '10000-01-01' THEN to_char("p"."updated_time", 'YYYY-MM-DD"T"HH24:MI:SS"+0000"') END
FROM "public"."people" AS "p"
WHERE "p"."account" = $1::text
UNION ALL
(SELECT false, "p"."account"::text, coalesce("p"."is_minor", true),
  "p"."name"::text,
  "p"."first_name"::text,
  "p"."middle_name"::text,
  "p"."last_name"::text,
  "p"."gender"::text,
  "p"."birthday"::text,
  "p"."email"::text,
  ("p"."timezone")::text,
  ("p"."languages")::text,
  ("p"."hometown")::text,
  ("p"."location")::text,
  ("p"."education")::text,
  ("p"."work")::text,
  ("p"."verified")::text,
  CASE WHEN "p"."updated_time" >= '0001-01-01' AND "p"."updated_time" < '10000-01-01' THEN to_char("p"."updated_time", 'YYYY-MM-DD"T"HH24:MI:SS"+0000"') END
FROM (SELECT DISTINCT "e"."friend_id" FROM "public"."friendships" AS "e" WHERE "e"."person_id" = (SELECT "p"."person_id" FROM "public"."people" AS "p" WHERE "p"."account" = $1::text)) AS "f" ("key")
  JOIN "public"."people" AS "p" ON "p"."person_id" = "f"."key"
WHERE "p"."person_id" <> (SELECT "p"."person_id" FROM "public"."people" AS "p" WHERE "p"."account" = $1::text)
LIMIT 65536);

