using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Persistence;
using Pipeline.ServiceDefaults.Databases;
using Pipeline.ServiceDefaults.Dependencies;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>
/// Submissions over HTTP. What breaks a rule is refused here and never reaches the bus; the rest is asked of the agent's queue, like every other
/// submission, and the answer is the gate's.
/// </summary>
internal sealed class SubmissionRequests : IDisposable
{
    private const int RetrySeconds = 5;
    private const int BusyRetrySeconds = 1;

    private readonly IClientFactory _bus;
    private readonly SubmissionRules _rules;
    private readonly IngressOptions _limits;
    private readonly HttpOptions _options;
    private readonly HttpMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DependencyCircuit _database;
    private readonly SubmissionReader _reader;
    private readonly SemaphoreSlim _underWay;

    public SubmissionRequests(
        IClientFactory bus, SubmissionRules rules, IOptions<IngressOptions> limits, IOptions<HttpOptions> options, HttpMetrics metrics, DatabaseCircuit<OrchestratorDbContext> database, TimeProvider time,
        ILogger<SubmissionRequests> logger)
    {
        (_bus, _rules, _limits, _options, _metrics, _time, _logger) = (bus, rules, limits.Value, options.Value, metrics, time, logger);
        _database = database.Circuit;
        _reader = new SubmissionReader(_limits);
        _underWay = new SemaphoreSlim(_options.MaxSubmissions);
    }

    public async Task<IResult> SubmitAsync(HttpContext http)
    {
        // The agent's queue would take it and nobody could answer: the caller would wait for the bus and then not know.
        if (_database.IsOpen)
        {
            return Answered(HttpCode.DatabaseUnavailable, Problem.Of(
                StatusCodes.Status503ServiceUnavailable, HttpCode.DatabaseUnavailable, $"The database does not answer; nothing was submitted. {_database.Refuse()} Send the same again.", RetrySeconds));
        }

        // Before the body is read: it is what takes the memory.
        if (!_underWay.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return Answered(HttpCode.SubmissionsBusy, Problem.Of(
                StatusCodes.Status429TooManyRequests, HttpCode.SubmissionsBusy, $"This process has '{_options.MaxSubmissions}' submissions under way. Send it again after '{BusyRetrySeconds}' s.", BusyRetrySeconds));
        }

        try
        {
            return await ReadAndAskAsync(http);
        }
        finally
        {
            _underWay.Release();
        }
    }

    public void Dispose() => _underWay.Dispose();

    private async Task<IResult> ReadAndAskAsync(HttpContext http)
    {
        if (!http.Request.HasJsonContentType())
        {
            return Answered(HttpCode.ContentTypeUnsupported, TypedResults.StatusCode(StatusCodes.Status415UnsupportedMediaType));
        }

        var reading = await ReadBodyAsync(http);
        if (reading.Submission is not { } submission)
        {
            return Refused(reading.Refusal!.InvocationId, new Failure(reading.Refusal.Code, reading.Refusal.Reason));
        }

        if (submission.IdempotencyKey is null && http.Request.Headers.TryGetValue("Idempotency-Key", out var header))
        {
            submission = submission with { IdempotencyKey = header.ToString() };
        }

        var caller = Caller.Of(http.User);
        if (_rules.Check(submission) is { } failure)
        {
            return Refused(submission.InvocationId, failure);
        }

        if (!caller.MaySee(submission.Tenant))
        {
            return Answered(HttpCode.TenantForbidden, Problem.Of(
                StatusCodes.Status403Forbidden, HttpCode.TenantForbidden, $"The body names the tenant '{submission.Tenant}', and the key is bound to another. Name the key's own tenant, or use the other tenant's key.", null, submission.InvocationId));
        }

        // Known before it is asked for: the caller whose answer gets lost repeats it under this id.
        var id = SubmissionIdentity.Of(submission) ?? NewId.NextGuid();
        return await AskAsync(submission.IdempotencyKey is null ? submission with { InvocationId = id } : submission, id, http.RequestAborted);
    }

    private async Task<IResult> AskAsync(SubmitInvocation submission, Guid id, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(_options.BusTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            var queue = _bus.CreateRequestClient<SubmitInvocation>(new Uri($"exchange:{QueueName.Invocations(submission.Agent)}"), _options.BusTimeout);
            // It does not expire in the queue: a submission that its caller was told nothing of may still be accepted, but never vanishes.
            var answer = await queue.GetResponse<InvocationEvent>(submission, x => x.UseExecute(y => y.TimeToLive = null), either.Token).WaitAsync(either.Token);
            return Answer(answer.Message);
        }
#pragma warning disable CA1031 // Whatever kept the bus from answering: the caller hears that nothing is known, and how to find out.
        catch (Exception e) when (!aborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            _logger.AdmissionUnanswered(id, submission.Tenant, submission.Agent, _options.BusTimeout, e);
            return Answered(HttpCode.AdmissionUnanswered, Problem.Of(
                StatusCodes.Status503ServiceUnavailable,
                HttpCode.AdmissionUnanswered,
                $"The bus did not answer within '{_options.BusTimeout}': whether the submission is accepted is not known. Send the same again with invocationId '{id}'; it is run once.",
                RetrySeconds,
                id));
        }
    }

    private IResult Answer(InvocationEvent answer) => answer.Event switch
    {
        InvocationEventName.Accepted => Answered(answer.Event, TypedResults.Accepted($"/invocations/{answer.InvocationId}", answer)),
        InvocationEventName.Deferred => Answered(answer.Event, Problem.Of(
            StatusCodes.Status429TooManyRequests,
            answer.Code ?? FailureCode.AdmissionDeferred,
            answer.Reason ?? $"The agent '{answer.Agent}' has as much work as it takes. Send the same again after '{answer.RetryAfterSeconds ?? RetrySeconds}' s; nothing is refused for good.",
            answer.RetryAfterSeconds ?? RetrySeconds,
            answer.InvocationId == Guid.Empty ? null : answer.InvocationId)),
        _ => Refused(answer.InvocationId, new Failure(answer.Code ?? FailureCode.SubmissionInvalid, answer.Reason ?? $"The submission was answered with '{answer.Event}'.")),
    };

    private IResult Refused(Guid? invocationId, Failure failure)
    {
        _logger.SubmissionRefused(invocationId ?? Guid.Empty, failure.Code, failure.Reason);
        var status = failure.Code switch
        {
            FailureCode.AgentUnknown => StatusCodes.Status404NotFound,
            FailureCode.IdempotencyConflict => StatusCodes.Status409Conflict,
            FailureCode.InputTooLarge => StatusCodes.Status413PayloadTooLarge,
            _ => StatusCodes.Status400BadRequest,
        };
        return Answered(failure.Code, Problem.Of(status, failure.Code, failure.Reason, null, invocationId == Guid.Empty ? null : invocationId));
    }

    private IResult Answered(string decision, IResult result)
    {
        _metrics.Submitted(decision);
        return result;
    }

    /// <summary>Reads one byte more than is taken, and no further.</summary>
    private async Task<SubmissionReading> ReadBodyAsync(HttpContext http)
    {
        if (http.Request.ContentLength > _limits.MaxBodyBytes)
        {
            return new SubmissionReading { Refusal = _reader.TooLarge(http.Request.ContentLength.Value) };
        }

        var buffer = new byte[(int)(http.Request.ContentLength ?? 4096)];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(Math.Max(buffer.Length * 2, 4096), _limits.MaxBodyBytes + 1));
            }

            var read = await http.Request.Body.ReadAsync(buffer.AsMemory(length), http.RequestAborted);
            length += read;
            if (length > _limits.MaxBodyBytes)
            {
                return new SubmissionReading { Refusal = _reader.TooLarge(length) };
            }

            if (read == 0)
            {
                return _reader.Read(buffer[..length]);
            }
        }
    }
}
