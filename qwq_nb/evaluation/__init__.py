"""Run evaluations: request, plan, session, runner."""
