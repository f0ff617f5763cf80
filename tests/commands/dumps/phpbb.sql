-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*!40101 SET NAMES utf8mb4 */;

DROP TABLE IF EXISTS `phpbb_acl_users`;
CREATE TABLE `phpbb_acl_users` (
  `user_id` varchar(255) NOT NULL DEFAULT '',
  `forum_id` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`user_id`),
  KEY `x` (`forum_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO `phpbb_acl_users` VALUES (1,2);
DROP TABLE IF EXISTS `phpbb_forums`;
CREATE TABLE `phpbb_forums` (
  `forum_id` varchar(255) NOT NULL DEFAULT '',
  `parent_id` varchar(255) NOT NULL DEFAULT '',
  `left_id` varchar(255) NOT NULL DEFAULT '',
  `forum_name` varchar(255) NOT NULL DEFAULT '',
  `forum_desc` varchar(255) NOT NULL DEFAULT '',
  `forum_type` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`forum_id`),
  KEY `x` (`parent_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

LOCK TABLES `phpbb_forums` WRITE;
INSERT INTO `phpbb_forums` VALUES (1,0,1,'Category','',0),(2,1,2,'Chess &amp; Go','It\'s a game, (or two); \"both\"',1),(3,1,4,'Link','',2);
UNLOCK TABLES;

DROP TABLE IF EXISTS `phpbb_posts`;
CREATE TABLE `phpbb_posts` (
  `post_id` varchar(255) NOT NULL DEFAULT '',
  `topic_id` varchar(255) NOT NULL DEFAULT '',
  `forum_id` varchar(255) NOT NULL DEFAULT '',
  `poster_id` varchar(255) NOT NULL DEFAULT '',
  `post_time` varchar(255) NOT NULL DEFAULT '',
  `post_visibility` varchar(255) NOT NULL DEFAULT '',
  `post_username` varchar(255) NOT NULL DEFAULT '',
  `post_text` varchar(255) NOT NULL DEFAULT '',
  `post_edit_time` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`post_id`),
  KEY `x` (`topic_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO `phpbb_posts` VALUES (1,5,2,2,1700000000,1,'','<r>Read <B><s>[b]</s>this<e>[/b]</e></B>: 2 &lt; 3 &amp; *no* list<br/>\nNext line <E>:)</E></r>',0),(2,5,2,1,1700000100,1,'Guest','<t>A guest said so</t>',0),(3,5,2,3,1700000050,1,'','[quote=&quot;ada&quot;:3kdq2l1p]Read [i:3kdq2l1p]this[/i:3kdq2l1p][/quote:3kdq2l1p]\nOld <!-- s:) --><img src=\"{SMILIES_PATH}/smile.gif\" alt=\":)\" /><!-- s:) --> text',1700009999);
INSERT INTO `phpbb_posts` VALUES (4,5,2,3,1700000200,2,'','<t>Deleted</t>',0),(5,6,2,2,1700000300,1,'','<t>Second topic</t>',0);

DROP TABLE IF EXISTS `phpbb_topics`;
CREATE TABLE `phpbb_topics` (
  `topic_id` varchar(255) NOT NULL DEFAULT '',
  `forum_id` varchar(255) NOT NULL DEFAULT '',
  `topic_title` varchar(255) NOT NULL DEFAULT '',
  `topic_time` varchar(255) NOT NULL DEFAULT '',
  `topic_status` varchar(255) NOT NULL DEFAULT '',
  `topic_type` varchar(255) NOT NULL DEFAULT '',
  `topic_visibility` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`topic_id`),
  KEY `x` (`forum_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO `phpbb_topics` (`topic_id`, `forum_id`, `topic_title`, `topic_time`, `topic_status`, `topic_type`, `topic_visibility`) VALUES (5,2,'Rules &amp; more',1700000000,1,1,1),(6,2,'Second',1700000300,0,0,1),(7,2,'Shadow',1700000300,2,0,1),(8,2,'Gone',1700000300,0,0,2);

DROP TABLE IF EXISTS `phpbb_users`;
CREATE TABLE `phpbb_users` (
  `user_id` varchar(255) NOT NULL DEFAULT '',
  `user_type` varchar(255) NOT NULL DEFAULT '',
  `username` varchar(255) NOT NULL DEFAULT '',
  `user_email` varchar(255) NOT NULL DEFAULT '',
  `user_regdate` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`user_id`),
  KEY `x` (`user_type`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO `phpbb_users` VALUES (1,2,'Anonymous','',1600000000),(2,3,'ada','ada@example.org',1600000001),(3,0,'Bob the Builder','bob@example.org',1600000002),(4,2,'Google [Bot]','',1600000003),(5,1,'bob the  builder','BOB@example.org',1600000004);
-- Dump completed
