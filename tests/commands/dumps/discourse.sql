--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';

CREATE TABLE public.users (
    id integer NOT NULL
);

COPY public.badges (id, name) FROM stdin;
1	Not\tours
\.

COPY public.categories (id, name, color, created_at, user_id, slug, description, position, read_restricted) FROM stdin;
1	Café & Talk	0088CC	2024-01-01 08:00:00	-1	cafe-talk	Anything\nat all	1	f
2	Staff	CC0000	2024-01-01 08:00:00	-1	staff	\N	2	t
3	A	CC0000	2024-01-01 08:00:00	-1	a	\N	3	f
\.

COPY public.posts (id, user_id, topic_id, post_number, raw, cooked, created_at, updated_at, deleted_at, post_type, hidden, version, last_version_at) FROM stdin;
13	2	10	4	A later reply with a \\backslash	<p>x</p>	2024-02-01 10:03:00.5	2024-02-01 10:03:00.5	\N	1	f	1	2024-02-01 10:03:00.5
10	1	10	1	Hello **all**\n\n* one\n* two	<p>x</p>	2024-02-01 10:00:00.123456	2024-02-01 10:00:00.123456	\N	1	f	1	2024-02-01 10:00:00.123456
11	2	10	2	Deleted words	<p>x</p>	2024-02-01 10:01:00	2024-02-01 10:01:00	2024-02-02 00:00:00	1	f	1	2024-02-01 10:01:00
12	3	10	3	[quote="ada, post:1, topic:10"]\nHello\nall\n[/quote]\n\nIndeed.	<p>x</p>	2024-02-01 09:59:00	2024-02-01 09:59:00	\N	1	f	2	2024-02-01 11:00:00
14	1	10	5	closed this	<p>x</p>	2024-02-01 10:04:00	2024-02-01 10:04:00	\N	3	f	1	2024-02-01 10:04:00
15	1	10	6	a whisper	<p>x</p>	2024-02-01 10:05:00	2024-02-01 10:05:00	\N	4	f	1	2024-02-01 10:05:00
16	2	10	7	Hidden words	<p>x</p>	2024-02-01 10:06:00	2024-02-01 10:06:00	\N	1	t	1	2024-02-01 10:06:00
20	1	11	1	Only for staff	<p>x</p>	2024-02-03 00:00:00	2024-02-03 00:00:00	\N	1	f	1	2024-02-03 00:00:00
30	1	12	1	A private message	<p>x</p>	2024-02-03 00:00:00	2024-02-03 00:00:00	\N	1	f	1	2024-02-03 00:00:00
40	-1	13	1	Welcome, by the system	<p>x</p>	2024-02-04 00:00:00	2024-02-04 00:00:00	\N	1	f	1	2024-02-04 00:00:00
50	1	14	1	In a deleted topic	<p>x</p>	2024-02-04 00:00:00	2024-02-04 00:00:00	\N	1	f	1	2024-02-04 00:00:00
60	9	15	1	By nobody known	<p>x</p>	2024-02-05 00:00:00	2024-02-05 00:00:00	\N	1	f	1	2024-02-05 00:00:00
\.

COPY public.topics (id, title, created_at, user_id, category_id, archetype, deleted_at, closed, archived, visible, pinned_at) FROM stdin;
10	A topic  with ünïcödé	2024-02-01 10:00:00.123456	1	1	regular	\N	t	f	t	2024-02-01 12:00:00
11	For staff	2024-02-03 00:00:00	1	2	regular	\N	f	f	t	\N
12	A message	2024-02-03 00:00:00	1	\N	private_message	\N	f	f	t	\N
13	Unlisted	2024-02-04 00:00:00	-1	1	regular	\N	f	t	f	\N
14	Deleted	2024-02-04 00:00:00	1	1	regular	2024-02-05 00:00:00	f	f	t	\N
15	XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX	2024-02-05 00:00:00	9	3	regular	\N	f	f	t	\N
16	Without posts	2024-02-05 00:00:00	1	3	regular	\N	f	f	t	\N
17	Nowhere	2024-02-05 00:00:00	1	77	regular	\N	f	f	t	\N
\.

COPY public.user_emails (id, user_id, email, primary) FROM stdin;
1	1	Ada@Example.org	t
2	2	bob@example.org	t
3	2	bob@old.example	f
4	3	ada@example.org	t
\.

COPY public.users (id, username, created_at, name, active, admin, trust_level) FROM stdin;
-1	system	2024-01-01 00:00:00	system	t	t	4
1	ada	2024-01-02 03:04:05.678901	Ada	t	t	4
2	Bob_B	2024-01-03 00:00:00	Bob	t	f	2
3	Zoë	2024-01-04 00:00:00	Zoë	f	f	0
\.

