SELECT l.name AS label, count(DISTINCT i.id) AS issues, count(DISTINCT c.id) AS comments
FROM issues i
JOIN issues__labels l ON l._apiduct_parent_id = i._apiduct_id
LEFT JOIN comments c ON c._issues_number = i.number
GROUP BY ALL
ORDER BY label
