using System.Globalization;
using System.Runtime.ExceptionServices;
using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Calls;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// The breaker with fallback, as MassTransit middleware around the consumer. An open circuit answers by the tool's declared fallback at
/// once; a failure becomes an answer for the model, or the fallback where the manifest says so. (MassTransit's own circuit breaker has no
/// fallback, lets every waiting call through when it probes, and leaves the requester without an answer.)
/// </summary>
internal sealed class ToolBreakerFilter(ToolCircuit circuit, TimeProvider time, ILogger<ToolBreakerFilter> logger) : IFilter<ConsumeContext<RunTool>>
{
    public async Task Send(ConsumeContext<RunTool> context, IPipe<ConsumeContext<RunTool>> next)
    {
        var delivery = context.GetPayload<ToolDelivery>();
        var call = context.Message;
        delivery.Circuit = circuit.State;
        if (circuit.IsFull)
        {
            logger.TooManyAbandoned(circuit.Tool.Name, call.CallId, circuit.Abandoned);
            delivery.Answer = Fallback(FailureCode.ToolUnavailable, TimeSpan.Zero);
            return;
        }

        using var deadline = UntilDeadline(call);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, deadline.Token);
        try
        {
            await circuit.ExecuteAsync(
                async token =>
                {
                    delivery.RunToken = token;
                    await next.Send(context);
                    if (delivery.Failure is { } failure)
                    {
                        ExceptionDispatchInfo.Throw(failure);
                    }
                },
                either.Token);
            delivery.Answer = ToolAnswer.Succeeded(delivery.Output ?? throw new InvalidOperationException($"The tool '{circuit.Tool.Name}' ended without an output."), delivery.Duration);
        }
        catch (BrokenCircuitException)
        {
            delivery.Answer = Fallback(FailureCode.ToolUnavailable, TimeSpan.Zero);
        }
        catch (TimeoutRejectedException)
        {
            logger.TimedOut(circuit.Tool.Name, call.CallId, circuit.Tool.Manifest.Timeout);
            delivery.Answer = Failed(FailureCode.ToolTimeout, TimeoutReason(), delivery);
        }
        catch (ToolThrewException e)
        {
            logger.Threw(e.InnerException, circuit.Tool.Name, call.CallId);
            delivery.Answer = Failed(FailureCode.ToolFailed, $"The tool '{circuit.Tool.Name}' failed. {ReasonText.Of(e.InnerException ?? e)}", delivery);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            delivery.Answer = Failed(
                FailureCode.DeadlineExceeded,
                $"The deadline {call.Deadline:O} passed while the tool '{circuit.Tool.Name}' ran.",
                delivery,
                mayFallBack: false);
        }
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("toolBreaker").Add("state", circuit.State);

    private string TimeoutReason() => string.Create(
        CultureInfo.InvariantCulture,
        $"The tool '{circuit.Tool.Name}' did not answer within {circuit.Tool.Manifest.Timeout.TotalSeconds} s and was cancelled.");

    private ToolAnswer Fallback(string code, TimeSpan duration) => ToolAnswer.Fallback(circuit.Tool.Manifest.Fallback.Content, code, duration);

    private ToolAnswer Failed(string code, string reason, ToolDelivery delivery, bool mayFallBack = true)
    {
        // Once a tool that must not run twice has begun and does not say how it ended, neither a fallback nor "try again" would be true.
        if (delivery.Started && circuit.Tool is { Manifest.Effects: ToolEffects.OnceOnly, RecordsOutcome: false })
        {
            return ToolAnswer.Failed(
                FailureCode.ToolOutcomeUnknown,
                ReasonText.Bounded($"{reason} Whether its effect happened is not known. Do not call it again for the same purpose before that was checked."),
                delivery.Duration);
        }

        return mayFallBack && circuit.Tool.Manifest.FallbackOnFailure ? Fallback(code, delivery.Duration) : ToolAnswer.Failed(code, ReasonText.Bounded(reason), delivery.Duration);
    }

    // A tool's own time limit comes first in most calls: no timer for a deadline that cannot matter.
    private CancellationTokenSource UntilDeadline(RunTool call)
    {
        var left = call.Deadline - time.GetUtcNow();
        return left >= circuit.Tool.Manifest.Timeout ? new CancellationTokenSource() : new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
    }
}
