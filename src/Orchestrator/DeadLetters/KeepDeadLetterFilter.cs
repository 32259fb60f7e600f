using MassTransit;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>
/// On the in-memory transport, where a queue of failed messages ends with the process: keeps the message in the database before it goes there.
/// </summary>
internal sealed class KeepDeadLetterFilter(DeadLetterStore store, int maxBodyBytes, TimeProvider time) : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        var now = time.GetUtcNow();
        var headers = context.TransportHeaders.GetAll().ToDictionary(x => x.Key, object? (x) => x.Value);
        headers["MT-Fault-ExceptionType"] = context.Exception.GetType().FullName;
        headers["MT-Fault-Message"] = context.Exception.Message;
        headers["MT-Fault-Timestamp"] = now.ToString("O");
        var queue = context.InputAddress.AbsolutePath.Split('/')[^1];
        var found = new FoundMessage(
            queue + DeadLetterReading.ErrorSuffix, context.GetMessageId()?.ToString(), context.ContentType?.ToString(), context.GetCorrelationId()?.ToString(), null, 0, headers, context.Body.GetBytes());
        await store.KeepAsync([DeadLetterReading.Read(found, maxBodyBytes, now.UtcDateTime)], context.CancellationToken);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("keepDeadLetter");
}
