SELECT i.author__login AS author, l.name AS label, count(DISTINCT i.id) AS issues, count(c.id) AS comments
FROM issues i
JOIN issues__labels l ON l._apiduct_parent_id = i._apiduct_id
LEFT JOIN comments c ON c._issues_title = i.title
GROUP BY ALL
ORDER BY author, label
