"""What an administrator does with background jobs: each is noted in the activity log."""

from __future__ import annotations

from datetime import datetime

from webapp.customers import audit_log
from webapp.customers.concurrency import still_admin
from webapp.customers.models import User
from webapp.extensions import writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.site import this_site
from webapp.words.activity import Detail
from webapp.words.jobs import job_title


def about(job: Job) -> str:
    """For whom this job is; nothing where that is not known any more."""
    work = this_site().jobs.works.get(job.kind)
    return work.about(job.arguments) if work else ""


def retry(who: User, job_id: int, now: datetime) -> bool:
    """Has a job run at once; False where it is not there any more."""
    with writing():
        still_admin(who)
        job = queue.retry(job_id, now)
        if job is not None:
            told = job_title(job.kind), now, Detail.EMAIL
            audit_log.note(who, "retried", "job", job.id, *told, email=about(job))
    return job is not None


def end(who: User, job_id: int, now: datetime) -> bool:
    """Deletes a job, whether it waits, runs or has failed; False where it is not there any more."""
    with writing():
        still_admin(who)
        job = queue.end(job_id)
        if job is not None:
            told = job_title(job.kind), now, Detail.EMAIL
            audit_log.note(who, "ended", "job", job.id, *told, email=about(job))
    return job is not None
