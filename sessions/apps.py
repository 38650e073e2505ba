from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "realtime"  # `sessions` is taken by django.contrib.sessions
    verbose_name = "Live sessions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from conversations.live import register_reader
        from conversations.models import Conversation
        from conversations.services.conversations import register_eraser
        from sessions import journal
        from sessions.live_words import read_live_words

        def erase_recording(conversation: Conversation) -> None:
            if conversation.session_id:
                journal.erase(conversation.session_id)

        register_eraser(erase_recording)
        register_reader(read_live_words)
