"""One HTTP exchange at a time: requests, limits, redirects, robots.txt, login. No HTML, no disk."""
