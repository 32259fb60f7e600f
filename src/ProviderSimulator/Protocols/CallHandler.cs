using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>
/// Serves one model call, in the order the providers do: key, body, model, limits, then the work. Every arrival ends in the
/// ledger with exactly one verdict.
/// </summary>
internal sealed class CallHandler
{
    private const int MaxMarkLength = 128;

    private readonly ProviderSimulatorOptions _options;
    private readonly HashSet<string> _models;
    private readonly LimiterDirectory _limiters;
    private readonly AnswerWriter _answers;
    private readonly ResponseWriter _writer;
    private readonly Outage _outage;
    private readonly Ledger _ledger;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly ILogger<CallHandler> _logger;

    public CallHandler(
        IOptions<ProviderSimulatorOptions> options, LimiterDirectory limiters, AnswerWriter answers, ResponseWriter writer, Outage outage, Ledger ledger, IdSource ids, TimeProvider time,
        ILogger<CallHandler> logger)
    {
        _options = options.Value;
        _models = new HashSet<string>(_options.Models, StringComparer.Ordinal);
        _limiters = limiters;
        _answers = answers;
        _writer = writer;
        _outage = outage;
        _ledger = ledger;
        _ids = ids;
        _time = time;
        _logger = logger;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The edge: a bug must reach the caller as the provider's error, and the ledger as a verdict.")]
    public async Task HandleAsync(HttpContext context, IProviderProtocol protocol)
    {
        long started = _time.GetTimestamp();
        var call = new Call(_ids.Next("req_"), _time.GetUtcNow(), _ids);
        LedgerEntry entry = _ledger.Arrive(protocol.Name) with
        {
            RequestId = call.RequestId,
            InvocationId = Mark(context.Request.Headers["X-Invocation-Id"]),
            IdempotencyKey = Mark(context.Request.Headers["Idempotency-Key"]),
        };
        context.Response.Headers[protocol.RequestIdHeader] = call.RequestId;
        try
        {
            entry = await ServeAsync(context, protocol, call, entry);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            entry = entry with { Verdict = Verdict.CallerGone };
        }
        catch (BadHttpRequestException e)
        {
            entry = await RefuseAsync(context, protocol, call, entry, ProviderProblem.Invalid($"We could not read the body of your request. {e.Message}"));
        }
        catch (RegexMatchTimeoutException e)
        {
            _logger.PatternTooSlow(call.RequestId, e.Pattern, e.MatchTimeout);
            entry = await FailAsync(context, protocol, call, entry, $"A pattern of the rule file took longer than {e.MatchTimeout} on this request; simplify '{e.Pattern}'.");
        }
        catch (Exception e)
        {
            _logger.CallFailed(call.RequestId, e);
            entry = await FailAsync(context, protocol, call, entry, "The simulator failed; its log says why.");
        }
        finally
        {
            // No verdict: even the error could not be written. What the call has come to is set again, because an exception loses the entry on its way.
            _ledger.End(call.Complete(entry) with
            {
                Verdict = entry.Verdict == Verdict.None ? Verdict.CallerGone : entry.Verdict,
                DurationMilliseconds = Math.Round(_time.GetElapsedTime(started).TotalMilliseconds, 3),
            });
        }
    }

    /// <summary>A path or method that the simulator does not serve.</summary>
    public async Task RefuseRouteAsync(HttpContext context, IProviderProtocol protocol)
    {
        var call = new Call(_ids.Next("req_"), _time.GetUtcNow(), _ids);
        LedgerEntry entry = _ledger.Arrive(protocol.Name) with { RequestId = call.RequestId };
        context.Response.Headers[protocol.RequestIdHeader] = call.RequestId;
        try
        {
            entry = await RefuseAsync(context, protocol, call, entry,
                new ProviderProblem(Verdict.RouteNotFound, 404, $"Unknown request URL: {context.Request.Method} {context.Request.Path}. The simulator serves /v1/chat/completions, /v1/messages and /v1/models."));
        }
        finally
        {
            _ledger.End(entry with { Verdict = Verdict.RouteNotFound });
        }
    }

    private async Task<LedgerEntry> ServeAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry)
    {
        string? key = protocol.ReadKey(context.Request);
        if (_limiters.Find(key, out KeyOwner? owner) is not { } limiter)
        {
            return await RefuseAsync(context, protocol, call, entry with { KeyAlias = owner?.Alias }, new ProviderProblem(Verdict.Unauthenticated, 401));
        }

        call.Limiter = limiter;
        _ledger.Enter(limiter.Organisation);
        entry = entry with { KeyAlias = owner!.Alias, Project = owner.Project };

        using RequestBody? body = await ReadBodyAsync(context.Request, context.RequestAborted);
        if (body is null)
        {
            return await RefuseAsync(context, protocol, call, entry,
                new ProviderProblem(Verdict.TooLarge, 413, $"Request exceeds the maximum size of {_options.MaxRequestBytes} bytes."));
        }

        if (body.Json is null)
        {
            return await RefuseAsync(context, protocol, call, entry, ProviderProblem.Invalid($"We could not parse the JSON body of your request. {body.Error}"));
        }

        if (protocol.Read(body.Json.RootElement, out ModelRequest? request) is { } problem)
        {
            return await RefuseAsync(context, protocol, call, entry, problem);
        }

        using (request)
        {
            return await ServeAsync(context, protocol, call, entry, request!, limiter);
        }
    }

    private async Task<LedgerEntry> ServeAsync(
        HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ModelRequest request, OrganisationLimiter limiter)
    {
        call.Model = request.Model;
        entry = entry with { Model = request.Model, Turn = request.Turn, Stream = request.Stream, Caller = Mark(request.Caller) };
        if (_models.Count > 0 && !_models.Contains(request.Model))
        {
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.ModelNotFound, 404));
        }

        CallScope scope = call.Scope = limiter.ScopeOf(entry.Project, entry.KeyAlias!, request.Model);
        if (_outage.Current is { Kind: FaultKind.Reset } && _outage.For(protocol.Name, call.Organisation, request.Model) is not null)
        {
            context.Abort();
            return entry with { Rule = Outage.RuleName, Verdict = Verdict.FaultAbort };
        }

        long length = request.PromptTokens + (long)(request.MaxTokens ?? 0);
        if (_options.ContextTokens > 0 && length > _options.ContextTokens)
        {
            var tooLong = new LimitRefusal("", LimitDimension.None, _options.ContextTokens, 0, (int)Math.Min(length, int.MaxValue), null);
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.ContextTooLong, 400, Refusal: tooLong));
        }

        if (limiter.BillingRefusal(scope) is { } billing)
        {
            int status = protocol.Name != "anthropic" ? 429 : billing switch { "billing_error" => 402, "invalid_request_error" => 400, _ => 429 };
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.QuotaExhausted, status, Code: billing));
        }

        var charges = new TokenCharges(request, limiter.OptionsFor(scope), protocol.Charges, _options.Seed, entry.Sequence);
        if (limiter.Admit(scope, charges.Admission, out long decided) is { } refusal)
        {
            if (refusal.Counted)
            {
                call.Charged(decided, default);
            }

            TimeSpan? retryAfter = refusal.Dimension == LimitDimension.Ramp ? null : refusal.RetryAfter;
            entry = entry with { RefusedBy = $"{refusal.Scope} {refusal.Dimension}" };
            return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdicts.Of(refusal), 429, Refusal: refusal, RetryAfter: retryAfter));
        }

        call.Charged(decided, charges.Admission);
        try
        {
            return await _answers.AnswerAsync(context, protocol, call, entry with { Admitted = true }, request, charges);
        }
        finally
        {
            limiter.Finish(scope);
            limiter.Bill(call.InputTokens + call.OutputTokens);
        }
    }

    private async Task<LedgerEntry> RefuseAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, ProviderProblem problem)
    {
        await _writer.WriteProblemAsync(context, protocol, call, problem);
        return entry with { Verdict = problem.Verdict, Status = problem.Status, RetryAfterMilliseconds = problem.RetryAfter?.TotalMilliseconds };
    }

    private async Task<LedgerEntry> FailAsync(HttpContext context, IProviderProtocol protocol, Call call, LedgerEntry entry, string message)
    {
        entry = entry with { Verdict = Verdict.SimulatorError };
        if (context.Response.HasStarted)
        {
            context.Abort();
            return entry;
        }

        return await RefuseAsync(context, protocol, call, entry, new ProviderProblem(Verdict.SimulatorError, 500, message));
    }

    private async Task<RequestBody?> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await RequestBody.ReadAsync(request, _options.MaxRequestBytes, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // The server's own limit is below ours.
            return null;
        }
    }

    // The caller chooses these texts; the ledger holds many of them.
    private static string? Mark(string? text) => text is { Length: > MaxMarkLength } ? text[..MaxMarkLength] : text;
}
