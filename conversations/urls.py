"""Addresses of this room, from the root."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from conversations import pages, sign_in
from conversations.api.views import (
    audio,
    audio_tasks,
    catalogue,
    conversations,
    findings,
    intake,
    runs,
    tokens,
    transcriptions,
)

CONVERSATION = "conversations/<uuid:conversation_id>"

api_patterns = [
    path("tokens", tokens.TokensView.as_view(), name="tokens"),
    path("uploads", intake.UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:conversation_id>", intake.UploadView.as_view(), name="upload"),
    path("text-processing", intake.TextProcessingView.as_view(), name="text-processing"),
    path("conversations", conversations.ConversationsView.as_view(), name="conversations"),
    path(CONVERSATION, conversations.ConversationView.as_view(), name="conversation"),
    path(
        f"{CONVERSATION}/segments/<int:number>",
        conversations.SegmentView.as_view(),
        name="conversation-segment",
    ),
    path(
        f"{CONVERSATION}/speakers/<str:label>",
        conversations.SpeakerView.as_view(),
        name="conversation-speaker",
    ),
    path(f"{CONVERSATION}/transcript", findings.TranscriptView.as_view(), name="conversation-transcript"),
    path(f"{CONVERSATION}/speakers", findings.SpeakersView.as_view(), name="conversation-speakers"),
    path(f"{CONVERSATION}/entities", findings.EntitiesView.as_view(), name="conversation-entities"),
    path(f"{CONVERSATION}/questions", findings.QuestionsView.as_view(), name="conversation-questions"),
    path(f"{CONVERSATION}/quality", findings.QualityView.as_view(), name="conversation-quality"),
    path(f"{CONVERSATION}/audio", audio.audio, name="conversation-audio"),
    path(f"{CONVERSATION}/runs", runs.RunsView.as_view(), name="conversation-runs"),
    path(f"{CONVERSATION}/cancel", runs.CancelView.as_view(), name="conversation-cancel"),
    path("tasks/<int:task_id>", runs.TaskView.as_view(), name="task"),
    path("tasks/<int:task_id>/cancel", runs.TaskCancelView.as_view(), name="task-cancel"),
    path(f"{CONVERSATION}/waveform", findings.WaveformView.as_view(), name="conversation-waveform"),
    path("question-sets", catalogue.QuestionSetsView.as_view(), name="question-sets"),
    path("question-sets/<int:pk>", catalogue.QuestionSetView.as_view(), name="question-set"),
    path("taxonomies", catalogue.TaxonomiesView.as_view(), name="taxonomies"),
    path("taxonomies/<int:pk>", catalogue.TaxonomyView.as_view(), name="taxonomy"),
]

transcription_patterns = [
    path("transcriptions", transcriptions.TranscriptionsView.as_view(), name="transcriptions"),
    path("transcriptions/<int:job_id>", transcriptions.TranscriptionView.as_view(), name="transcription"),
    path(
        "transcriptions/<int:job_id>/export",
        transcriptions.TranscriptionExportView.as_view(),
        name="transcription-export",
    ),
]
"""At the address where clients of the field's transcription API look for it."""

audio_patterns = [
    path("process", audio_tasks.ProcessView.as_view(), name="audio-process"),
    path("process-stream", audio_tasks.ProcessStreamView.as_view(), name="audio-process-stream"),
    path(
        "process-stream-realtime",
        audio_tasks.ProcessStreamRealtimeView.as_view(),
        name="audio-process-stream-realtime",
    ),
    path("task/<str:task_id>", audio_tasks.TaskView.as_view(), name="audio-task"),
    path("task/<str:task_id>/events", audio_tasks.TaskEventsView.as_view(), name="audio-task-events"),
    path("tasks/active", audio_tasks.ActiveTasksView.as_view(), name="audio-tasks-active"),
    path("queue/status", audio_tasks.QueueStatusView.as_view(), name="audio-queue-status"),
]
"""One recording in, progress and results out."""

urlpatterns = [
    path("conversations", pages.conversations_page, name="conversations-page"),
    path(CONVERSATION, pages.conversation_page, name="conversation-page"),
    path("sign-in", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/link", sign_in.SignInLink.as_view(), name="sign-in-link"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("api/v1/", include((api_patterns, "api"))),
    path("v1/audio/", include(transcription_patterns)),
    path("audio/", include(audio_patterns)),
]
